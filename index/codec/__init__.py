"""Our Whoosh codec: segments whose files are arrays that can be mapped into memory."""
