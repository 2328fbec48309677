"""What a reader sees: tables, pages and plots of results."""
