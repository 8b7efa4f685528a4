package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sort"

	"aead.dev/minisign"
)

// provenance writes what everything was made of and how, as SLSA's provenance in
// an in-toto statement.
func (r *release) provenance() error {
	var made []string
	for _, pattern := range []string{"sotto-linux-*", "*.deb", "*.rpm", "*.oci.tar"} {
		found, err := filepath.Glob(filepath.Join(r.dir, pattern))
		if err != nil {
			return err
		}
		made = append(made, found...)
	}
	sort.Strings(made)
	statement, err := r.statement(made...)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.dir, "provenance.intoto.json"), statement, 0o644) //nolint:gosec // to be published
}

type object = map[string]any

// statement says of files how they were made. It has no time of its own, so that
// the same build says the same.
func (r *release) statement(files ...string) ([]byte, error) {
	var subjects []object
	for _, file := range files {
		body, err := os.ReadFile(file) //nolint:gosec // of the release's own folder
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(body)
		subjects = append(subjects, object{"name": filepath.Base(file), "digest": object{"sha256": hex.EncodeToString(sum[:])}})
	}
	info, err := buildinfo.ReadFile(r.binary(r.arches[0]))
	if err != nil {
		return nil, err
	}
	source := object{"name": "sotto", "digest": object{"gitCommit": r.commit}}
	if r.source != "" {
		source["uri"] = "git+" + r.source
	}
	return json.MarshalIndent(object{
		"_type":         "https://in-toto.io/Statement/v1",
		"subject":       subjects,
		"predicateType": "https://slsa.dev/provenance/v1",
		"predicate": object{
			"buildDefinition": object{
				// The steps are those of scripts/release at that commit.
				"buildType":            "https://sotto.invalid/scripts/release/v1",
				"externalParameters":   object{"version": r.version},
				"resolvedDependencies": []object{source, {"name": info.GoVersion}},
			},
			"runDetails": object{"builder": object{"id": "https://sotto.invalid/by-hand"}},
		},
	}, "", "  ")
}

// sign signs SHA256SUMS, which has everything else, for `minisign -V`.
func (r *release) sign(key string) error {
	if key == "" {
		return errors.New("-sign needs -key")
	}
	private, err := minisign.PrivateKeyFromFile(os.Getenv("MINISIGN_PASSWORD"), key)
	if err != nil {
		return err
	}
	sums := filepath.Join(r.dir, "SHA256SUMS")
	body, err := os.ReadFile(sums) //nolint:gosec // of the release's own folder
	if err != nil {
		return err
	}
	reader := minisign.NewReader(bytes.NewReader(body))
	if _, err := new(bytes.Buffer).ReadFrom(reader); err != nil {
		return err
	}
	signature := reader.SignWithComments(private, "sotto "+r.version, "signature of SHA256SUMS")
	return os.WriteFile(sums+".minisig", signature, 0o644) //nolint:gosec // to be published
}
