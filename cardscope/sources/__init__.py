"""Where cards come from: the Hub, a folder or file, a corpus; each answers with a card or with why there is none."""
