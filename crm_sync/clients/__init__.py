"""One file a receiving system: our words in, its protocol out."""
