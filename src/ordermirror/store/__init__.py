"""The only package that writes mirrored tables, and reads them back for comparing."""
