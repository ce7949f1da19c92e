"""AI errors in Frappe: places in real records, what the form shows, the language model's desk, and what is learnt."""
