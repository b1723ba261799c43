"""One-time codes (验证码): whoever can read a message sent to a phone holds that phone."""
