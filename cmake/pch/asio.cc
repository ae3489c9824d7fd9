// Gives the precompiled header asio.h a target to live in.
