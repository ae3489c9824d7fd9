require "include";
include "again";
