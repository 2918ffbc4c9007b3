"""Final records: one a product, from what people, models and sellers said about its pictures."""
