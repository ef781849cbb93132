"""The rules of `lmpdrive lint`: every `@rule` function in a file here is one."""
