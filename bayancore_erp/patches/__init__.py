"""What a site needs once when it is updated; patches.txt names the order."""
