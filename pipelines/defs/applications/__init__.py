"""Assets of the exports of forms that people drop in a folder."""
