# For Packer 1.7 and newer: packer init plugins.pkr.hcl. Packer 1.6.6 has the builder built in.
packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2.0"
    }
  }
}
