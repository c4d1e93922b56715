"""The machinery behind the judges: it runs a function on cases and names its likely mistake."""
