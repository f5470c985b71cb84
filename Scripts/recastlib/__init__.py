"""What the scripts share: running programs, making artifacts, comparing, telling the result."""
