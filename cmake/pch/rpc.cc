// Gives the precompiled header rpc.h a target to live in.
