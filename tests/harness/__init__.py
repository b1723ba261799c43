"""What tests stand on: tables from the templates, the platform on an emulator, its clients."""
