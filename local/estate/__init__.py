"""The estate that `make run` shows at first: invented by `plan`, made through the public door.

- `invent`: people, phones, identity numbers and credit codes that look real and are nobody's
- `rooms`: buildings filled with rooms and their owners
- `plan`: the whole estate from one seed
- `workbook`: a community's house register as a spreadsheet
- `registers`: taking such a spreadsheet in
- `seeding`: what the platform admin and everyone after them do to bring it about
"""
