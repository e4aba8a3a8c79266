"""Sources: bytes to text (``streams``), and text to records (``records``)."""
