"""The HTTP API: OpenAI's completions dialect and endpoints of our own, on FastAPI."""
