// A client with Meta's host in its code, by Go's net/http.
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
)

func main() {
	form := url.Values{"media_type": {"TEXT"}, "text": {"from Go"}, "auto_publish_text": {"true"}, "access_token": {os.Args[1]}}
	answer, err := http.PostForm("https://graph.threads.net/v1.0/me/threads", form)
	if err != nil {
		panic(err)
	}
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(string(body))
}
