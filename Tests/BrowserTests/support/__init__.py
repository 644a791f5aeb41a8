"""What the browser tests share: browsers, pages, servers, waiting."""
