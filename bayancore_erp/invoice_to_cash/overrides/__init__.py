"""What happens when documents of the sales road are saved or made from one another."""
