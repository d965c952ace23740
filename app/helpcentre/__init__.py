"""What the shop has published for anybody to read: the entries of the help centre, found by topic and by words
(`shelf`, `finding`), their addresses (`addresses`), and what readers said of them (`votes`)."""
