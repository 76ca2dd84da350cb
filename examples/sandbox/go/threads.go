// Package threads posts a text, and looks before it posts again when an answer got lost.
package threads

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Client calls Threads at BaseURL, "https://graph.threads.net" for the real one.
type Client struct{ BaseURL, Token string }

var errNoAnswer = errors.New("no answer")

func (c Client) call(method, path string, fields url.Values, found any) error {
	fields.Set("access_token", c.Token)
	at := c.BaseURL + "/v1.0/" + path
	var answer *http.Response
	var err error
	if method == http.MethodPost {
		answer, err = http.PostForm(at, fields)
	} else {
		answer, err = http.Get(at + "?" + fields.Encode())
	}
	if err != nil {
		return errors.Join(errNoAnswer, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP %d", answer.StatusCode)
	}
	return json.NewDecoder(answer.Body).Decode(found)
}

func (c Client) status(container string) (string, error) {
	var found struct{ Status string }
	err := c.call(http.MethodGet, container, url.Values{"fields": {"status"}}, &found)
	return found.Status, err
}

// Post publishes text and returns the post's id.
func (c Client) Post(text string) (string, error) {
	var made, post struct{ ID string }
	if err := c.call(http.MethodPost, "me/threads", url.Values{"media_type": {"TEXT"}, "text": {text}}, &made); err != nil {
		return "", err
	}
	for {
		status, err := c.status(made.ID)
		if err != nil {
			return "", err
		}
		if status != "IN_PROGRESS" {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	err := c.call(http.MethodPost, "me/threads_publish", url.Values{"creation_id": {made.ID}}, &post)
	if errors.Is(err, errNoAnswer) { // it may be live
		if status, _ := c.status(made.ID); status != "PUBLISHED" {
			return "", err
		}
		var list struct{ Data []struct{ ID string } }
		if err := c.call(http.MethodGet, "me/threads", url.Values{"limit": {"1"}}, &list); err != nil {
			return "", err
		}
		return list.Data[0].ID, nil
	}
	return post.ID, err
}
