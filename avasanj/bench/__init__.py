"""How fast the product is and how much it takes, measured on the product as it runs: its own processes, database and folder."""
