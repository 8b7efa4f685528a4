package link

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

func TestCloseArrivesAfterWhatWasWritten(t *testing.T) {
	bubble(t, Params{RTT: 100 * ms}, 1, func(t *testing.T, b *bench) {
		phone, relay := b.connect()
		begun := time.Now()
		if _, err := phone.Write([]byte("bye")); err != nil {
			t.Fatal(err)
		}
		if err := phone.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(relay)
		if err != nil || string(got) != "bye" {
			t.Errorf("the relay read %q, %v", got, err)
		}
		within(t, "the end", time.Since(begun), 50*ms, 0)
		_, err = phone.Read(make([]byte, 1))
		mustFail(t, err, net.ErrClosed)
	})
}

func TestRelayCloses(t *testing.T) {
	bubble(t, Params{RTT: 100 * ms}, 1, func(t *testing.T, b *bench) {
		phone, relay := b.connect()
		if _, err := relay.Write([]byte("bye")); err != nil {
			t.Fatal(err)
		}
		if err := relay.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := phone.Write([]byte("too late")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(60 * ms) // by now it has met what is closed
		begun := time.Now()
		if got, err := io.ReadAll(phone); err != nil || string(got) != "bye" {
			t.Errorf("the phone read %q, %v", got, err)
		}
		within(t, "the end", time.Since(begun), 50*ms, 0)
	})
}

// Close ends a Read also when the relay has closed and its end is still on the way.
func TestCloseEndsReads(t *testing.T) {
	bubble(t, Params{RTT: 100 * ms}, 1, func(t *testing.T, b *bench) {
		phone, relay := b.connect()
		read := make(chan error, 1)
		go func() {
			_, err := phone.Read(make([]byte, 1))
			read <- err
		}()
		b.link.Gap(time.Minute, false)
		if err := relay.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		b.link.Gap(0, false) // the end is sent again after a minute
		if _, err := phone.Write([]byte("anybody there?")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		begun := time.Now()
		_ = phone.Close()
		mustFail(t, <-read, net.ErrClosed)
		within(t, "the read's end", time.Since(begun), 0, 0)
	})
}
