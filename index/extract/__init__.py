"""From text to understanding: what an article says of its own date, places, source and people, with the evidence."""
