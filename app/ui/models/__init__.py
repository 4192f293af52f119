"""Qt models of what the window shows. They hold words of the domain and know no services and no widgets."""
