"""What a role remembers in memory alone, and tells whoever may ask (appliance/store/recall)."""
