package main

import (
	"io"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"sotto/internal/sandbox"
)

// lockUp puts the process into its sandbox, once everything it needs is open,
// and says in one log line and one metric what holds.
func lockUp(o *options, certs certificates, reg prometheus.Registerer, log zerolog.Logger, stderr io.Writer) error {
	gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "sotto_sandbox", Help: "Whether the kernel enforces a measure of the sandbox: 1 or 0.",
	}, []string{"measure"})
	reg.MustRegister(gauge)
	for _, m := range sandbox.Measures() {
		gauge.WithLabelValues(string(m)).Set(0)
	}
	if o.sandbox == "off" {
		log.Info().Msg("sandbox is off")
		return nil
	}
	if isFile(stderr) {
		log.Warn().Msg("this log is a file, and the sandbox lets none grow: logging ends here; pipe the log instead")
	}
	policy := sandbox.Policy{LockMemory: o.lockMemory}
	if certs != nil {
		certs.allow(&policy)
	}
	report := sandbox.Enforce(policy)
	for _, m := range report.Held {
		gauge.WithLabelValues(string(m)).Set(1)
	}
	err := report.Err()
	if err != nil && o.sandbox == "require" {
		return err
	}
	log.Info().Str("held", sandbox.Words(report.Held)).AnErr("missing", err).Msg("sandbox is on")
	return nil
}

// isFile reports whether w writes to a regular file.
func isFile(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}
