"""What runs in the recall process. Nothing else of Lares is loaded there but words of the domain."""
