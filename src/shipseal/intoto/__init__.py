"""In-toto statements and the predicates within."""
