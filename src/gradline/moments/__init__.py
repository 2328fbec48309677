"""The exact way: sufficient statistics that add and subtract, and the answers solved from them."""
