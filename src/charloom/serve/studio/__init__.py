"""The studio: a page in the browser that trains, generates and keeps runs in one folder."""
