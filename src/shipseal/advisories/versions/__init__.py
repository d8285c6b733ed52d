"""Version orders, one file per scheme. Pure: text in, comparable keys out."""
