package wire_test

const fuzzCiphertext = 1024
