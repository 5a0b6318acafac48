"""How digest's table of meaning is made from papers and a sentence model. Not in the package."""
