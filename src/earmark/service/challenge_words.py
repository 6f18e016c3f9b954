"""The words of spoken challenges: 128 common ones of two or three syllables that sound unlike one another."""

CHALLENGE_WORDS = (
    "anchor", "apple", "april", "autumn", "baker", "banana", "basket", "beaver", "bicycle", "blanket",
    "bottle", "bridges", "bucket", "butter", "cabin", "camera", "candle", "canyon", "carpet", "castle",
    "cherry", "chicken", "city", "coffee", "copper", "cotton", "cousin", "curtain", "daisy", "dentist",
    "desert", "diamond", "dinner", "doctor", "dolphin", "dragon", "eagle", "elbow", "elephant",
    "engine", "evening", "family", "farmer", "feather", "finger", "flower", "forest", "fountain",
    "garden", "garlic", "giant", "ginger", "guitar", "hammer", "harbour", "harvest", "helmet", "honey",
    "hotel", "island", "jacket", "jungle", "kettle", "kitchen", "ladder", "lemon", "letter", "library",
    "lion", "magnet", "market", "meadow", "melon", "mirror", "monday", "monkey", "morning", "mountain",
    "museum", "music", "napkin", "needle", "number", "ocean", "october", "olive", "onion", "orange",
    "oven", "paper", "parrot", "pencil", "pepper", "piano", "pillow", "planet", "pocket", "potato",
    "rabbit", "radio", "river", "robin", "rocket", "saddle", "sailor", "salad", "sandwich", "saturday",
    "scissors", "season", "shadow", "silver", "spider", "summer", "sunday", "table", "teacher",
    "thunder", "tiger", "tomato", "tower", "tractor", "tunnel", "umbrella", "valley", "velvet",
    "violin", "window",
)  # fmt: skip
