"""Short lists of texts, for columns whose values are few."""

PAYMENTS = ("card", "cash", "bank transfer", "paypal", "voucher", "invoice")
STATUSES = ("active", "pending", "completed", "new", "processing", "closed", "cancelled", "on hold")
ROLES = ("member", "admin", "editor", "viewer", "owner", "guest")
UNITS = ("piece", "kg", "g", "l", "m", "box", "pack", "hour", "pair", "set")
MAILS = ("example.com", "example.org", "example.net", "mail.example", "post.example")  # nobody can have them
CATEGORIES = (
    "Books", "Electronics", "Clothing", "Toys", "Garden", "Sports", "Music", "Health", "Beauty", "Food", "Furniture",
    "Tools", "Travel", "Office", "Pets", "Kitchen", "Art", "Games", "Shoes", "Jewellery", "Finance", "Science", "History",
    "Family", "Technology", "Outdoor", "Baby", "Automotive", "Film", "Education",
)  # fmt: skip
QUALITIES = (
    "Classic", "Compact", "Deluxe", "Everyday", "Foldable", "Handmade", "Heavy", "Light", "Mini", "Modern", "Premium",
    "Portable", "Recycled", "Rustic", "Slim", "Smart", "Soft", "Solid", "Vintage", "Waterproof",
)  # fmt: skip
MATERIALS = ("Bamboo", "Ceramic", "Copper", "Cotton", "Glass", "Leather", "Linen", "Oak", "Paper", "Steel", "Stone", "Wool")
THINGS = (
    "Backpack", "Basket", "Blanket", "Bottle", "Bowl", "Chair", "Clock", "Cup", "Desk", "Gloves", "Hat", "Jacket", "Kettle",
    "Lamp", "Mirror", "Mug", "Notebook", "Pan", "Pillow", "Plate", "Rug", "Scarf", "Shelf", "Shirt", "Spoon", "Stool",
    "Table", "Towel", "Umbrella", "Wallet",
)  # fmt: skip
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "CNY", "SEK", "INR")  # the commonest first
LANGUAGES = (
    ("en", "English"), ("es", "Spanish"), ("fr", "French"), ("de", "German"), ("it", "Italian"), ("pt", "Portuguese"),
    ("nl", "Dutch"), ("pl", "Polish"), ("tr", "Turkish"), ("ar", "Arabic"), ("hi", "Hindi"), ("zh", "Chinese"),
    ("ja", "Japanese"), ("ko", "Korean"), ("sv", "Swedish"), ("da", "Danish"), ("fi", "Finnish"), ("el", "Greek"),
    ("cs", "Czech"), ("hu", "Hungarian"), ("uk", "Ukrainian"), ("vi", "Vietnamese"), ("th", "Thai"), ("he", "Hebrew"),
)  # fmt: skip
