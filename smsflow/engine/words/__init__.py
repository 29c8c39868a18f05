"""Understanding what people text: words, numbers, keywords, and STOP in any spelling."""
