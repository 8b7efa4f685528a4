package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// Media types of what is attached to an image.
const (
	sbomType       = "application/vnd.cyclonedx+json"
	provenanceType = "application/vnd.in-toto+json"
	emptyType      = "application/vnd.oci.empty.v1+json"
)

// image writes an OCI layout as a tarball: an index of one image for each kind of
// machine, from nothing, with the SBOM and the provenance of its binary attached.
// `docker load`, `podman load` and `skopeo copy oci-archive:` read it.
func (r *release) image() error {
	dir, err := os.MkdirTemp("", "image")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // of no consequence
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, a := range r.arches {
		img, err := r.imageOf(a)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: "linux", Architecture: a.oci.architecture, Variant: a.oci.variant},
		}})
	}
	if err := path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": r.version})); err != nil {
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for i, a := range r.arches {
		sbom, err := os.ReadFile(r.binary(a) + ".cdx.json")
		if err != nil {
			return err
		}
		if err := attach(path, &manifest.Manifests[i], sbomType, sbom); err != nil {
			return err
		}
		statement, err := r.statement(r.binary(a))
		if err != nil {
			return err
		}
		if err := attach(path, &manifest.Manifests[i], provenanceType, statement); err != nil {
			return err
		}
	}
	return r.tar(dir, filepath.Join(r.dir, "sotto-"+r.version+".oci.tar"))
}

// imageOf is the image for one kind of machine: the binary, and the authorities
// that its ACME client believes.
func (r *release) imageOf(a arch) (v1.Image, error) {
	binary, err := os.ReadFile(r.binary(a))
	if err != nil {
		return nil, err
	}
	var roots bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil { // a file can't say what else it would take
			_ = pem.Encode(&roots, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes all
		}
	}
	var content bytes.Buffer
	tw := tar.NewWriter(&content)
	for _, f := range []struct {
		name string
		mode int64
		body []byte
	}{{"sotto", 0o755, binary}, {"etc/ssl/certs/ca-certificates.crt", 0o644, roots.Bytes()}} {
		if err := tw.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.body)), ModTime: r.time}); err != nil {
			return nil, err
		}
		if _, err := tw.Write(f.body); err != nil {
			return nil, err
		}
	}
	if err := tw.Close(); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), layer)
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.Created = v1.Time{Time: r.time}
	config.OS, config.Architecture, config.Variant = "linux", a.oci.architecture, a.oci.variant
	config.Config = v1.Config{
		User: "65532:65532", Entrypoint: []string{"/sotto"}, StopSignal: "SIGTERM",
		ExposedPorts: map[string]struct{}{"8080/tcp": {}, "8081/tcp": {}},
		Labels: map[string]string{
			"org.opencontainers.image.title": "sotto", "org.opencontainers.image.version": r.version,
			"org.opencontainers.image.revision": r.commit, "org.opencontainers.image.licenses": "Apache-2.0",
		},
	}
	return mutate.ConfigFile(img, config)
}

// attach adds a manifest that refers to a subject, as the OCI distribution's
// referrers do.
func attach(path layout.Path, subject *v1.Descriptor, kind string, body []byte) error {
	blob := func(b []byte, mediaType types.MediaType) (v1.Descriptor, error) {
		sum := sha256.Sum256(b)
		d := v1.Descriptor{MediaType: mediaType, Size: int64(len(b)), Digest: v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}}
		return d, path.WriteBlob(d.Digest, io.NopCloser(bytes.NewReader(b)))
	}
	config, err := blob([]byte("{}"), emptyType)
	if err != nil {
		return err
	}
	layer, err := blob(body, types.MediaType(kind))
	if err != nil {
		return err
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": types.OCIManifestSchema1, "artifactType": kind, "config": config, "layers": []v1.Descriptor{layer},
		"subject": v1.Descriptor{MediaType: subject.MediaType, Size: subject.Size, Digest: subject.Digest},
	})
	if err != nil {
		return err
	}
	d, err := blob(manifest, types.OCIManifestSchema1)
	if err != nil {
		return err
	}
	d.ArtifactType = kind
	return path.AppendDescriptor(d)
}

// tar packs a folder, in the order of names.
func (r *release) tar(dir, to string) error {
	f, err := os.Create(to) //nolint:gosec // named by who runs this
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // closed below
	tw := tar.NewWriter(f)
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // of our own folder
		if err != nil {
			return err
		}
		if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(body)), ModTime: r.time}); err != nil {
			return err
		}
		_, err = tw.Write(body)
		return err
	})
	if err != nil {
		return fmt.Errorf("pack image: %w", err)
	}
	if err := tw.Close(); err != nil {
		return err
	}
	return f.Close()
}
