"""Which cable is the internet: every port without a network is asked, none takes an address."""
