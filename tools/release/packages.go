package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// packages writes a .deb and an .rpm for each kind of machine.
func (r *release) packages() error {
	for _, a := range r.arches {
		for _, format := range []string{"deb", "rpm"} {
			if err := r.pack(a, format); err != nil {
				return fmt.Errorf("%s for %s: %w", format, a.name, err)
			}
		}
	}
	return nil
}

func (r *release) pack(a arch, format string) error {
	units := filepath.Join(r.root, "deploy/systemd")
	info := nfpm.WithDefaults(&nfpm.Info{
		Name: "sotto", Arch: a.pkg, Platform: "linux", Version: r.version, Section: "net", Priority: "optional",
		Maintainer: "The Sotto authors", License: "Apache-2.0", MTime: r.time,
		Description: "relay and page for private two-person chat\nRooms of two people hold one message at a time, in memory only.",
		Overridables: nfpm.Overridables{
			RPM:      nfpm.RPM{BuildHost: "localhost", Group: "Applications/Internet", Summary: "relay and page for private two-person chat"},
			Scripts:  nfpm.Scripts{PostInstall: filepath.Join(units, "package/postinst"), PreRemove: filepath.Join(units, "package/prerm"), PostRemove: filepath.Join(units, "package/postrm")},
			Contents: r.contents(a, units),
		},
	})
	if err := nfpm.PrepareForPackager(info, format); err != nil {
		return err
	}
	packager, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(r.dir, fmt.Sprintf("sotto_%s_%s.%s", strings.TrimPrefix(r.version, "v"), a.name, format)))
	if err != nil {
		return err
	}
	if err := packager.Package(info, f); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// contents are the files of a package, by where they come from and go.
func (r *release) contents(a arch, units string) files.Contents {
	var all files.Contents
	add := func(from, to, kind string, mode os.FileMode) {
		all = append(all, &files.Content{Source: from, Destination: to, Type: kind, FileInfo: &files.ContentFileInfo{Mode: mode, Owner: "root", Group: "root", MTime: r.time}})
	}
	add(r.binary(a), "/usr/bin/sotto", "", 0o755)
	for _, unit := range []string{"sotto.service", "sotto.socket", "sotto-admin.socket", "sotto-redirect.socket"} {
		add(filepath.Join(units, unit), "/usr/lib/systemd/system/"+unit, "", 0o644)
	}
	for _, part := range []string{"socket-443.conf", "tls/service.conf", "acme/service.conf"} {
		add(filepath.Join(units, part), "/usr/share/sotto/"+part, "", 0o644)
	}
	add(filepath.Join(units, "mode"), "/usr/sbin/sotto-mode", "", 0o755)
	add(filepath.Join(units, "package/sysusers.conf"), "/usr/lib/sysusers.d/sotto.conf", "", 0o644)
	add(filepath.Join(units, "package/sotto.env"), "/etc/sotto/sotto.env", files.TypeConfigNoReplace, 0o644)
	papers := map[string]string{
		"sotto.1": "/usr/share/man/man1/sotto.1", "sotto.bash": "/usr/share/bash-completion/completions/sotto",
		"_sotto": "/usr/share/zsh/vendor-completions/_sotto", "sotto.fish": "/usr/share/fish/vendor_completions.d/sotto.fish",
		"LICENSE": "/usr/share/doc/sotto/copyright", "THIRD_PARTY.txt": "/usr/share/doc/sotto/THIRD_PARTY.txt",
	}
	for from, to := range papers {
		add(filepath.Join(r.dir, from), to, "", 0o644)
	}
	return all
}
