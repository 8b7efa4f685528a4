// Package vectors holds the test vectors of sTELgano-std-1 and of sotto-2. The
// page's tests read the same files, std1.json and blind.json.
//
// The reader is stricter than encoding/json: a key it does not know, a key
// given twice, a value that is missing and anything after the end are errors,
// so that a vector nobody checks cannot slip in.
package vectors

import (
	"bytes"
	_ "embed" // for std1.json
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
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

// Std1 returns the vectors of std1.json. It panics when the file is faulty.
func Std1() []Vector {
	v, err := Read(bytes.NewReader(std1))
	if err != nil {
		panic("vectors: std1.json: " + err.Error())
	}
	return v
}

// Read reads a file of vectors.
func Read(r io.Reader) ([]Vector, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read vectors: %w", err)
	}
	var file struct {
		Description string   `json:"description"`
		Vectors     []Vector `json:"vectors"`
	}
	if err := decode(text, &file); err != nil {
		return nil, err
	}
	if file.Description == "" || len(file.Vectors) == 0 {
		return nil, errors.New("check vectors: description or vectors missing")
	}
	for i, v := range file.Vectors {
		if err := v.check(); err != nil {
			return nil, fmt.Errorf("check vector %d: %w", i, err)
		}
	}
	return file.Vectors, nil
}

// decode reads the only value in text into a struct that has all its keys.
func decode(text []byte, file any) error {
	if err := checkKeys(json.NewDecoder(bytes.NewReader(text)), ""); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(file); err != nil {
		return fmt.Errorf("decode vectors: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("decode vectors: something follows the end")
	}
	return nil
}

// checkKeys reads one value and refuses what encoding/json lets pass: a key
// given twice, and a key in other letters than the field's.
func checkKeys(dec *json.Decoder, path string) error {
	token, err := dec.Token()
	if err != nil {
		return fmt.Errorf("decode vectors: %w", err)
	}
	open, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for i := 0; dec.More(); i++ {
		at := fmt.Sprintf("%s[%d]", path, i)
		if open == '{' {
			token, err := dec.Token()
			if err != nil {
				return fmt.Errorf("decode vectors: %w", err)
			}
			key, _ := token.(string) // an object's keys are strings
			at = path + "." + key
			if seen[key] {
				return fmt.Errorf("decode vectors: %s is there twice", at)
			}
			if key != strings.ToLower(key) {
				return fmt.Errorf("decode vectors: %s is not lower-case", at)
			}
			seen[key] = true
		}
		if err := checkKeys(dec, at); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil { // the closing bracket
		return fmt.Errorf("decode vectors: %w", err)
	}
	return nil
}

// check finds values that are missing or cannot be what they claim to be.
func (v *Vector) check() error {
	for name, f := range map[string]struct {
		value string
		size  int // 0: any but empty
	}{
		"phone": {v.Phone, 0}, "normalised": {v.Normalised, 0}, "pin": {v.PIN, 0},
		"room_id": {v.RoomID, 36}, "room_hash": {v.RoomHash, 64}, "access_hash": {v.AccessHash, 64},
		"sender_hash": {v.SenderHash, 64}, "enc_key": {v.EncKey, 64},
		"otp": {v.OTP, 0}, "otp_normalised": {v.OTPNormalised, 8}, "otp_hash": {v.OTPHash, 64},
	} {
		if f.value == "" || f.size != 0 && len(f.value) != f.size {
			return fmt.Errorf("%s is missing or of the wrong length", name)
		}
	}
	if len(v.Messages) == 0 {
		return errors.New("no messages")
	}
	for i, m := range v.Messages {
		if len(m.IV) != 12 || len(m.Ciphertext) != len(m.Plaintext)+16 {
			return fmt.Errorf("message %d: iv or ciphertext of the wrong length", i)
		}
	}
	return nil
}
