// Gives the precompiled header base.h a target to live in.
