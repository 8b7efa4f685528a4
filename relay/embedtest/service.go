package embedtest

import (
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"sotto/relay"
	"sotto/web"
)

// errNoPass is what the service's own admission check says.
var errNoPass = errors.New("no pass")

// service is an HTTP service with a relay in it.
type service struct {
	http.Handler
	relay *relay.Relay
}

func newService(log zerolog.Logger, reg prometheus.Registerer) (*service, error) {
	rl, err := relay.New(relay.Config{
		Logger:     log,
		Registerer: prometheus.WrapRegistererWithPrefix("shop_", reg),
		Admit: func(r *http.Request) error {
			if r.Header.Get("X-Pass") != "let me in" {
				return errNoPass
			}
			return nil
		},
		Page: web.Handler(web.Config{}),
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("the shop"))
	})
	mux.Handle("/private/", http.StripPrefix("/private", rl))
	return &service{Handler: mux, relay: rl}, nil
}
