"""What people see and do: pages for supervisors and agents, and the API."""
