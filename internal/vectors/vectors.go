// Package vectors holds the test vectors of sTELgano-std-1 and of sotto-2. The
// page's tests read the same files, std1.json and blind.json.
package vectors

import (
	"bytes"
	_ "embed" // for std1.json
	"encoding/json"
)

// Vector is one identity with everything that is derived from it. Hashes and
// the key are lower-case hex, as they travel.
type Vector struct {
	Phone         string    `json:"phone"`
	Normalised    string    `json:"normalised"`
	PIN           string    `json:"pin"`
	RoomID        string    `json:"room_id"`
	RoomHash      string    `json:"room_hash"`
	AccessHash    string    `json:"access_hash"`
	SenderHash    string    `json:"sender_hash"`
	EncKey        string    `json:"enc_key"`
	OTP           string    `json:"otp"`
	OTPNormalised string    `json:"otp_normalised"`
	OTPHash       string    `json:"otp_hash"`
	Messages      []Message `json:"messages"`
}

// Message is a plaintext sealed with the vector's key under a given iv.
type Message struct {
	Plaintext  string `json:"plaintext"`
	IV         []byte `json:"iv"`
	Ciphertext []byte `json:"ciphertext"`
}

//go:embed std1.json
var std1 []byte

// Std1 returns the vectors of std1.json.
func Std1() []Vector {
	var file struct {
		Description string   `json:"description"`
		Vectors     []Vector `json:"vectors"`
	}
	decode(std1, &file)
	return file.Vectors
}

// decode reads a file of this package. It panics when a key is not known, so that
// no vector slips in that nobody checks; a value that is missing fails the test that
// derives it.
func decode(text []byte, file any) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(file); err != nil {
		panic("vectors: " + err.Error())
	}
}
