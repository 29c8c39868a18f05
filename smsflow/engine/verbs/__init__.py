"""What each verb does when a session comes to its step; `running` walks from one to the next."""
