# A web server image, and how not to build one: its user data leaves a credential on the disk, and so does its base image.
# `amiport audit web` finds it, and policy.secrets in web.yaml lets nothing be shared that holds one.
# No SSH into the build instance: cloud-init powers it off when it is done, and Packer takes the image then.
#
# Packer 1.6.6: packer build web.pkr.hcl. Newer ones first: packer init plugins.pkr.hcl

variable "aws_endpoint" {
  type        = string
  default     = ""
  description = "URL of a simulated AWS; empty: the real one. amiport passes it."
}

variable "aws_region" {
  type        = string
  default     = "eu-west-1"
  description = "The build Region. amiport passes it."
}

variable "base_owner" {
  type        = string
  default     = "self"
  description = "Owner of the base image: the builder itself."
}

variable "base_name" {
  type    = string
  default = "web-base"
}

variable "wait_for_poweroff" {
  type        = bool
  default     = true
  description = "False where nothing runs inside the instance, as in a simulator."
}

locals {
  stamp = regex_replace(timestamp(), "[^0-9]", "")
}

source "amazon-ebs" "web" {
  region              = var.aws_region
  custom_endpoint_ec2 = var.aws_endpoint
  communicator        = "none"
  instance_type       = "t3.small"
  ena_support         = true

  source_ami_filter {
    owners      = [var.base_owner]
    most_recent = true
    filters = {
      name                = var.base_name
      virtualization-type = "hvm"
      root-device-type    = "ebs"
    }
  }

  user_data_file        = "${path.root}/web.cloud-init.yaml"
  disable_stop_instance = var.wait_for_poweroff
  shutdown_behavior     = "stop"

  ami_name        = "web-${local.stamp}"
  ami_description = "web server"
  tags = {
    Name = "web"
  }
}

build {
  sources = ["source.amazon-ebs.web"]
}
