"""What pages ask the database, one noun a file. Reading only."""
